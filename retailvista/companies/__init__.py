"""Companies (tenants), their stores and people, and the scope that keeps them apart."""
