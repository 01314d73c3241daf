from hypothesis import settings

settings.register_profile("house", deadline=None)  # no property is about speed, and machines have other things to do
settings.load_profile("house")
