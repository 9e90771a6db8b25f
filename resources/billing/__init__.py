"""The bills of the days: made from the ledger, exported to the store, reported.

Belongs here: what makes bills, and the forms that they are given out in. Does not: the statements
(`resources.database.bills`, `cost_views`), and who pays for what (`dubbing.billing`).
"""
