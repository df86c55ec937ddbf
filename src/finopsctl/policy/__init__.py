"""What must hold: the rules of a policy, measured on opened books, judged, and waived where a waiver says so."""
