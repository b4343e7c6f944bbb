/** What models are told of this server beside its tools; below 2 KB. */
export const INSTRUCTIONS = `A Linux computer in a sandbox, for code, files and servers. It is made on first use and keeps its files in /workspace and installed packages until it is deleted; processes and variables end when it restarts.

- run_python keeps variables between calls (one interpreter per session). Leave a value on the last line to see it; matplotlib figures and pictures come back as images. Top-level await and !shell work.
- run_shell is for commands. Start servers and anything long with background: true, then follow it with process_output (pass on the number after "after:", and wait to be told when something happens) and process_input.
- install (pip, npm) persists. Do not use apt or sudo: there is no root.
- Paths are absolute or relative to /workspace. Prefer read_file, edit_file, list_files and search_files to cat, sed, ls and grep.
- Output over 25,000 characters comes as its head and tail; the whole is kept in /workspace/.out and named, so read on there.
- To give a person a file, use share_file; to show them a web app, listen on a port (0.0.0.0 or 127.0.0.1) and use open_port.
- The network is a proxy that HTTP clients find by themselves; what it refuses, it says why.
- A command that fails is told with its exit code, not as an error of the tool.
- sandbox names one of several computers, for example one for each task; leave it out for your own. Take a checkpoint before risky work, and restore brings the files back.`;
