"""What is done to a dispatch, one verb a function; each goes through `step`."""
