"""The file server: charge points fetch firmware and bring diagnostics and logs, by HTTP and FTP.

Each attempt of each job has an address of its own. `shelf` writes to the disk, `porter` knows who is let in,
`http_server` and `ftp_server` speak the protocols, `server` puts them together.
"""
