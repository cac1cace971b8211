"""What a data protection officer must keep: processing, impact assessments, breaches, exports abroad, retention."""
