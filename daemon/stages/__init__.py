"""The four steps of a job: upload, submit, poll, download. Job in, outcome out; no stage knows the table."""
