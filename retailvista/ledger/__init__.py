"""The bookkeeping of a store's day, as pure values and functions.

Money is integer minor units with a currency; a line has a side and a positive amount.
A journal that does not balance cannot be made; nothing is ever plugged to make it balance.
The VAT of a day is the sum of the VAT of its receipts; sale and refund stay apart.
What is unknown stops the day with a Problem that names the receipt and the remedy.
"""
