"""`/api/user/v1/`: the API that the clients of the shipping TrueConf AI Server already speak.

Paths, fields, types and status numbers are theirs; what we add stands beside them. Ids are stable
integers. Doors only: everything is asked of services and selectors.
"""
