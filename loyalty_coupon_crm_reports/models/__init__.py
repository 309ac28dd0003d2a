from . import ir_model_data
from . import res_company
from . import res_config_settings
