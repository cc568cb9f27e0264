"""What the server answers, asked through HTTP and compared with what others read in the files."""
