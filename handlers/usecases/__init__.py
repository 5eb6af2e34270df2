"""One verb each: check the permission, apply a rule, write rows, audit and notices. The caller commits."""
