"""Lists of clients by what is known of them: counted before use, and only of whom the caller may see."""
