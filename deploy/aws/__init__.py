"""Packages and template of the deployment to AWS."""
