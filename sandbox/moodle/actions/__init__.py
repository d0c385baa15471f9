"""What people do in Moodle: each action changes the tables and raises the events that Moodle raises, in its order."""
