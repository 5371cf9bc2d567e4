"""What the sales floor does, as plain functions on a session of one company.

:mod:`.live` hands every act to the rule engine and stores what came of it; :mod:`.project` writes
the tables that pages read; the other modules put acts into the words of a subject.
"""
