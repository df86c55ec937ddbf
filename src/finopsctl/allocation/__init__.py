"""Who owns a charge: the virtual key map and the ordered rules that fill the owner dimensions."""
