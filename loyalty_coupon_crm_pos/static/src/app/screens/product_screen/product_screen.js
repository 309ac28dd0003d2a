import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { patch } from "@web/core/utils/patch";
import { CustomerWallet } from "@loyalty_coupon_crm_pos/app/components/customer_wallet/customer_wallet";

patch(ProductScreen, {
    components: { ...ProductScreen.components, CustomerWallet },
});
