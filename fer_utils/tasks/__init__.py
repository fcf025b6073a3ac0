"""Tasks beside leaving people out of one set: a set that shaped nothing, another set, a neutral photo of the person."""
