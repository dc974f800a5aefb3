"""Background processes: queues, scheduler and the jobs they run."""
