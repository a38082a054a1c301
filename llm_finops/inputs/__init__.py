"""What people give us: request logs, cost files, revenue, price lists. Read strictly; odd rows are kept apart."""
