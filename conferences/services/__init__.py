"""What others may ask of conferences, one file per matter.

Call it through the module, so that it reads as a sentence: `people.person_of(connection, call_id)`.
"""
