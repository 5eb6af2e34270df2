"""What `doctor` and the page of the system's state look at: a module a subject, each check a generator of findings."""
