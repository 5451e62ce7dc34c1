"""ST's X-CUBE-AI and ST Edge AI Core: what their tools made becomes sources with fixed names."""
