"""What someone must put right, by when: policies, work orders, clocks and the loop back to the client."""
