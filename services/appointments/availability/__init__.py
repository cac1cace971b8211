"""Who and what is free when: the one table that makes a double booking impossible."""
