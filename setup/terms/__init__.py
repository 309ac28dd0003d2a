"""The templates of terms and their translations."""
