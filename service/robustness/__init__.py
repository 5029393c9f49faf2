"""How robust each training objective is: statistics on trial rows and the report of them. Arithmetic, no I/O."""
