"""The process-queue command: one process that hands out the files of a directory, and others that send them."""
