"""What is done with charge points, command by command, beside answering them: one module a subject."""
