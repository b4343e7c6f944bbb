# The C half of signal, which the agent loads alone.
from signal import *
