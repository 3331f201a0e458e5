"""One codec for every kind of column: how it is recognised, described, encoded, decoded and written.

`registry` lists the codecs. A new kind of column is a new file with a `base.Codec` and one line in the registry.
"""
