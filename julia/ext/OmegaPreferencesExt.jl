# The preference `slicer` of OmegaJulia, for programs that use Preferences. Julia 1.9 and later load this by
# themselves once both packages are there. Read anew for each series, so that a change counts at once.
module OmegaPreferencesExt

import OmegaJulia, Preferences

__init__() = (OmegaJulia.PREFERENCE[] = name -> Preferences.load_preference(OmegaJulia, name); nothing)

end
