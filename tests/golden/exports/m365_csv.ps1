Entry,Notes
"*.army.ml","watcher: lookalike of army.mil"
"*.us.army.ml","watcher: lookalike of us.army.mil"
"*.xn--armee-9ta.example","watcher"
