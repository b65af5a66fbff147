"""From folders to photos and faces in the library."""
