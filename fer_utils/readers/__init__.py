"""Every model as what reads any picture, by what left the person out: faces that are covered, mirrored, in other light."""
