"""What people do at the desk: meeting clients, and finding out which records are one person."""
