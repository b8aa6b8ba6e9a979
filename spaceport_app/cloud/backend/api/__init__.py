"""The HTTP API: one Lambda function behind API Gateway.

It is zipped without the rest of Spaceport: it imports the standard library, boto3,
`spaceport_app.cloud.layout`, `spaceport_app.cloud.job` and `spaceport_app.errors`, no more.
"""
