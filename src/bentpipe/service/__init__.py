"""Quality of applications: what delay, rate, loss and outages make of a call, a page, a post, a vote.

Pure functions of arrays.
"""
