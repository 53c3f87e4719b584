"""relevance turns nonsense away: guards, the relevance model and a calibrated threshold make the gate.

It uses whatever it is given: the question alone (cold), or also reference answers and graded answers (warm).
"""
