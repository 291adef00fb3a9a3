-- Of an empty PostgreSQL, once.
CREATE DATABASE temporal;
CREATE DATABASE temporal_visibility;
CREATE DATABASE mlflow;
