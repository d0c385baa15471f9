"""Moving over from block_kuracloud: its tables read, checked against both sides, and adopted."""
