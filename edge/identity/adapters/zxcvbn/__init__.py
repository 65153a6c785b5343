"""What zxcvbn knows of passwords."""
