"""LINE's echo bot as a Lambda function, as one would put it there: its app behind the adapter that ours has."""

from apig_wsgi import make_lambda_handler

from benchmarks.sdk_bot import silent_app

handler = make_lambda_handler(silent_app(), binary_support=True)
