"""What a client owns: each piece by its serial, with papers, service and everybody who owned it."""
