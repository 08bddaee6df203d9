"""Quality of applications: what delay, rate, loss and outages make of a call, a page, a post, a vote.

Pure functions of arrays, with scalar kernels beneath them that other kernels may call.

- ``emodel``: voice (ITU-T G.107); ``videophone``: a relative score (ITU-T G.1070)
- ``tcprates``: response functions of TCP; ``exchange``: time of a request, a post, a page
- ``bulk``, ``adaptive``, ``conference``: a transfer, a video, a videoconference over a link in time
"""
