"""Mail at the end of a job: `sending` writes it, `opening` answers the link in it.

Zipped without the rest of Spaceport, as the API is: the standard library and boto3, no more.
"""
