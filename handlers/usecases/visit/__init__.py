"""What is done to a visit, one verb a function: recorded at either end, certified, reckoned, judged."""
