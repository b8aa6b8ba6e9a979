"""What a release needs beside the installers: licences, bill of materials, hashes, signatures."""
