"""Common Chinese family and given names for the engineers of the demo. Nobody in particular is meant."""

FAMILY = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡")
ONE_SIGN = list("伟芳强磊洋勇军杰涛明超霞平刚斌鹏浩凯俊波辉宁晨琳颖雪婷峰龙飞")
FIRST_SIGN = list("建志文子浩宇俊思嘉天晓海国立家永少振明雨欣梦佳丽秀春静雅美若诗玉")
SECOND_SIGN = list("华强博轩然航杰远豪宇东涛庆新明辉桐怡琪燕娜英梅婷敏玲曦涵兰雯红宁")
