"""The worker: the process that decodes photos, finds faces and scores them.

Three kinds of process, so that nothing a file does can hurt more than itself::

    window or CLI --commands--> supervisor --one photo each--> decoders (one per core)
                  <--events----  scoring thread <--crops------

The supervisor holds the warm scorer and never touches a photo's bytes. A decoder handles one
photo at a time; where it crashes, hangs or outgrows its memory, exactly that photo fails and a
new decoder starts. All of them end when their parent does, however it ends.
"""
