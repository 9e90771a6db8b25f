"""ffmpeg: finding it, inspecting hostile files, decoding, stretching, mixing, measuring. All of it streams."""
