"""Mails: which are due (notices), and how they leave (sending). Never in the way of posting."""
