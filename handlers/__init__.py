"""Everything invoked from outside: webhook, worker, pages, jobs, commands."""
