"""The engine behind the bell: due slots become runs, waiting runs are worked."""
