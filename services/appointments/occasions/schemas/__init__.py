"""Wire models of occasions."""
