"""What a central system does with what charge points report: one module a subject, plain functions."""
